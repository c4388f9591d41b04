/** The words of a wallet, with their places, as people write them down. */
export function WordList({ words, className }: { readonly words: readonly string[]; readonly className: string }) {
  return (
    <ol data-words={words.length} className={`grid grid-cols-2 gap-x-6 sm:grid-cols-3 ${className}`}>
      {words.map((word, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a word may stand twice; its place is what it is
        <li key={index} className="flex gap-2">
          <span className="figures w-6 text-right text-muted">{index + 1}</span>
          <span className="font-medium">{word}</span>
        </li>
      ))}
    </ol>
  )
}
