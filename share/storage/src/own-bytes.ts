/** Heads of messages are shorter. */
const MAX_HEAD_BYTES = 32

/**
 * The bytes out of a message, such that their memory can go to a worker: what came in a large message has it to itself but
 * for the message's head, or lies in memory that is shared anyway; a small one may have a neighbour and is copied.
 */
export function ownBytes(view: Uint8Array): Uint8Array {
  if (view.buffer instanceof SharedArrayBuffer) return view
  const isAlone = view.byteOffset + view.byteLength === view.buffer.byteLength && view.byteOffset < MAX_HEAD_BYTES
  return isAlone ? view : Uint8Array.from(view)
}
