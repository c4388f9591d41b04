/** What an object may be shown as. Pictures and texts are shown by the app, PDF by the browser's own viewer. */
export type PreviewKind =
  | { readonly kind: 'picture'; readonly type: string }
  | { readonly kind: 'text' }
  | { readonly kind: 'pdf' }
  | { readonly kind: 'none' }

/** A larger picture is not fetched to be looked at. */
export const MAX_PICTURE_BYTES = 16 * 2 ** 20
/** Of a text the beginning. */
export const MAX_TEXT_BYTES = 64 * 2 ** 10
/** Types that an <img> shows; it runs nothing, also of SVG. */
const PICTURES = new Set(['png', 'jpeg', 'gif', 'webp', 'avif', 'bmp', 'svg+xml'].map((name) => `image/${name}`))
const TEXTS = new Set(['json', 'xml', 'javascript', 'x-sh', 'toml', 'yaml', 'sql'].map((name) => `application/${name}`))
/** Names of texts to which browsers give no type. */
const TEXT_NAME = /\.(txt|md|csv|log|json|toml|ya?ml|ini|conf|ts|tsx|lua|rs|go|py|c|h|sql|sh)$/i

/** By type and name alone: what it really is, is never trusted. */
export function previewKind({
  mediaType,
  name,
  sizeBytes,
}: {
  readonly mediaType: string | null
  readonly name: string | null
  readonly sizeBytes: number
}): PreviewKind {
  const type = mediaType ?? ''
  if (PICTURES.has(type)) return sizeBytes > MAX_PICTURE_BYTES ? { kind: 'none' } : { kind: 'picture', type }
  if (type === 'application/pdf') return { kind: 'pdf' }
  if (type.startsWith('text/') || TEXTS.has(type)) return { kind: 'text' }
  return type === '' && TEXT_NAME.test(name ?? '') ? { kind: 'text' } : { kind: 'none' }
}
