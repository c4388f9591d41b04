/** Any page served from this machine, at any port: the default, for the web app and for development. */
const LOCAL_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/

/**
 * Whether pages of `origin` may use the RPC. `allowed` holds whole origins such as `https://app.example`, `local` for
 * pages of this machine, or `*` for all. A request without origin comes from no page.
 */
export function isOriginAllowed(origin: string | undefined, allowed: readonly string[]): boolean {
  if (origin === undefined) return true
  return allowed.some((entry) => entry === '*' || entry === origin || (entry === 'local' && LOCAL_ORIGIN.test(origin)))
}
