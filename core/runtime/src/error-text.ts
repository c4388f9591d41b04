import { MAX_ERROR_MESSAGE_BYTES } from '@smartshare/chain'

/** As much of a message as a receipt holds, in whole characters: programs choose what their errors say. */
export function errorText(message: string): string {
  const text = message.toWellFormed()
  let sizeBytes = 0
  let end = 0
  for (const character of text) {
    sizeBytes += utf8Size(character.codePointAt(0) as number)
    if (sizeBytes > MAX_ERROR_MESSAGE_BYTES) return text.slice(0, end)
    end += character.length
  }
  return text
}

/** Bytes of a character in UTF-8. An encoder asked for each of them would take longer than all else that a failure does. */
function utf8Size(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x10000 ? 3 : 4
}
