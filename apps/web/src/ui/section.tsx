import type { ReactNode } from 'react'

/** A part of a page with its heading. */
export function Section({
  title,
  aside,
  children,
}: {
  readonly title: string
  readonly aside?: ReactNode
  readonly children: ReactNode
}) {
  return (
    <section aria-label={title} className="card overflow-hidden">
      <div className="flex min-h-13 items-center justify-between gap-4 border-b border-line px-5">
        <h2 className="text-base">{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  )
}
