import type { ComponentType } from 'react'
import type { IconName } from '../ui/icon.tsx'

/**
 * A page of the app: `pages/<id>/page.ts` exports one as `page`. Its names in the navigation are in `pages/<id>/title.json`, its
 * texts in `pages/<id>/texts/<language>.json`, read when it is opened.
 */
export interface Page {
  /** Name of its folder. */
  readonly id: string
  /** Place in the navigation. */
  readonly order: number
  readonly icon: IconName
  /** `/wallet` */
  readonly path: string
  /** What is shown at the path and below it (`''`, `/send`, `/account/$address`), each loaded when it is opened. */
  readonly routes: readonly { readonly path: string; readonly load: () => Promise<{ default: ComponentType }> }[]
}

const pageFiles = import.meta.glob<Page>('../pages/*/page.ts', { eager: true, import: 'page' })
const titleFiles = import.meta.glob<Readonly<Record<string, string>>>('../pages/*/title.json', {
  eager: true,
  import: 'default',
})

/** All pages that are built, in the order of the navigation. */
export const pages: readonly Page[] = Object.values(pageFiles).sort((a, b) => a.order - b.order)

export function pageTitle({ id }: Page, language: string): string {
  return titleFiles[`../pages/${id}/title.json`]?.[language] ?? id
}
