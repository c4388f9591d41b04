import type { WebSettings } from './settings.ts'

/**
 * What a page of the app may do: run its own files and speak with its own server, the nodes and the index of its network, and the
 * owner's agent. No inline script, no frame but of that agent, no form, no third party.
 */
export function contentSecurityPolicy({ network }: Pick<WebSettings, 'network'>): string {
  const { rpc, ws, indexer, agent } = network
  const origins = [...rpc, ...ws, indexer, agent].filter((url) => url !== null).map((url) => new URL(url).origin)
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "media-src 'self' blob:",
    `connect-src 'self' ${[...new Set(origins)].join(' ')}`,
    // What the agent gives is shown as of an origin of its own: it cannot touch the app.
    `frame-src ${agent === null ? "'none'" : new URL(agent).origin}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Headers of every answer beside the policy. */
export const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'camera=(self), publickey-credentials-get=(self), publickey-credentials-create=(self), geolocation=(), microphone=()',
} as const
