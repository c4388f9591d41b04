const UNSEEN = /[\p{Cf}\p{Co}\p{Cs}\p{Cn}\u2028\u2029]|(?![\n\t])\p{Cc}/gu

/** A text of a stranger with every character that is not seen, or that turns the direction of writing, written out. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, (character) => `⟨U+${codeOf(character)}⟩`)
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
}
