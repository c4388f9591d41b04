import { MAX_ERROR_MESSAGE_BYTES } from '@smartshare/chain'

const utf8 = new TextEncoder()

/** As much of a message as a receipt holds, in whole characters: programs choose what their errors say. */
export function errorText(message: string): string {
  let text = ''
  let sizeBytes = 0
  for (const character of message.toWellFormed()) {
    sizeBytes += utf8.encode(character).length
    if (sizeBytes > MAX_ERROR_MESSAGE_BYTES) break
    text += character
  }
  return text
}
