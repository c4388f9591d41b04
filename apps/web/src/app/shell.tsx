import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNetwork } from '../chain/queries.ts'
import { chooseLanguage, LANGUAGES, type Language } from '../i18n/texts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { countText } from '../ui/format.ts'
import { Icon } from '../ui/icon.tsx'
import { NetworkBanner } from './network-banner.tsx'
import { networkHealth } from './network-health.ts'
import { type Page, pages, pageTitle } from './page.ts'
import { chooseTheme, THEMES, type Theme, useTheme } from './theme.ts'

/** Pages beside each other at the bottom of a phone; the others are under "More". */
const MOST_BELOW = 4

/** What stands around every page: the way to the others, how the network is, language and appearance. */
export function Shell() {
  const { t } = useTranslation()
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[15rem_1fr]">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-3 focus:left-3 focus:z-60 focus:rounded-md focus:bg-accent focus:px-4 focus:py-2 focus:text-on-accent"
      >
        {t('app.skip')}
      </a>
      <aside className="sticky top-0 hidden h-dvh flex-col gap-6 border-r border-line bg-surface px-4 py-6 lg:flex">
        <Brand />
        <nav aria-label={t('app.pages')} className="flex flex-col gap-1">
          {pages.map((page) => (
            <SideLink key={page.id} page={page} />
          ))}
        </nav>
        <div className="mt-auto flex flex-col gap-4">
          <NetworkFacts />
          <Choices />
        </div>
      </aside>
      <header className="sticky top-0 z-20 flex h-14 items-center justify-between border-b border-line bg-surface px-4 lg:hidden">
        <Brand />
        <MenuButton />
      </header>
      <main
        id="content"
        tabIndex={-1}
        className="mx-auto w-full max-w-5xl px-4 pt-6 pb-28 outline-none sm:px-8 lg:pt-10 lg:pb-16"
      >
        <div className="flex flex-col gap-6">
          <NetworkBanner />
          <Outlet />
        </div>
      </main>
      {pages.length > 1 ? (
        <nav
          aria-label={t('app.pages')}
          className="fixed inset-x-0 bottom-0 z-20 flex border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] lg:hidden"
        >
          {pages.slice(0, MOST_BELOW).map((page) => (
            <BottomLink key={page.id} page={page} />
          ))}
          {pages.length > MOST_BELOW ? <MorePages /> : null}
        </nav>
      ) : null}
    </div>
  )
}

function Brand() {
  const { t } = useTranslation()
  return (
    <Link to="/" className="flex items-center gap-2.5 rounded-sm text-lg font-semibold tracking-tight">
      <img src="/icon.svg" alt="" width={28} height={28} />
      {t('app.name')}
    </Link>
  )
}

function useIsHere(path: string): boolean {
  const here = useRouterState({ select: ({ location }) => location.pathname })
  return here === path || here.startsWith(`${path}/`)
}

function SideLink({ page }: { readonly page: Page }) {
  const { i18n } = useTranslation()
  const isHere = useIsHere(page.path)
  return (
    <Link
      to={page.path}
      aria-current={isHere ? 'page' : undefined}
      className={`flex h-10 items-center gap-3 rounded-md px-3 font-medium ${isHere ? 'bg-accent-soft text-accent' : 'text-muted hover:bg-sunken hover:text-ink'}`}
    >
      <Icon name={page.icon} />
      {pageTitle(page, i18n.language)}
    </Link>
  )
}

function BottomLink({ page }: { readonly page: Page }) {
  const { i18n } = useTranslation()
  const isHere = useIsHere(page.path)
  return (
    <Link
      to={page.path}
      aria-current={isHere ? 'page' : undefined}
      className={`flex h-16 min-w-0 flex-1 flex-col items-center justify-center gap-1 text-xs font-medium ${isHere ? 'text-accent' : 'text-muted'}`}
    >
      <Icon name={page.icon} size={22} />
      <span className="max-w-full truncate">{pageTitle(page, i18n.language)}</span>
    </Link>
  )
}

function MorePages() {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  const here = useRouterState({ select: ({ location }) => location.pathname })
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page was opened
  useEffect(() => setOpen(false), [here])
  return (
    <>
      <button
        type="button"
        onClick={() => setOpen(true)}
        className="flex h-16 flex-1 flex-col items-center justify-center gap-1 text-xs font-medium text-muted"
      >
        <Icon name="menu" size={22} />
        {t('app.more')}
      </button>
      <Dialog isOpen={isOpen} onClose={() => setOpen(false)} title={t('app.pages')}>
        <nav aria-label={t('app.more')} className="flex flex-col gap-1">
          {pages.slice(MOST_BELOW).map((page) => (
            <SideLink key={page.id} page={page} />
          ))}
        </nav>
      </Dialog>
    </>
  )
}

function MenuButton() {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button
        type="button"
        aria-label={t('app.menu')}
        onClick={() => setOpen(true)}
        className="flex h-10 items-center gap-2 rounded-md px-2 text-sm text-muted hover:bg-sunken"
      >
        <NetworkDot />
        <Icon name="menu" />
      </button>
      <Dialog isOpen={isOpen} onClose={() => setOpen(false)} title={t('app.menu')}>
        <div className="flex flex-col gap-6">
          <NetworkFacts />
          <Choices />
        </div>
      </Dialog>
    </>
  )
}

function NetworkDot() {
  const network = useNetwork()
  const health = network === undefined ? 'opening' : networkHealth(network)
  const hasLie = (network?.lies.length ?? 0) > 0
  const color =
    hasLie || health === 'wrong' || health === 'missing' ? 'bg-bad' : health === 'open' ? 'bg-accent' : 'bg-warn'
  return <span aria-hidden="true" className={`size-2 shrink-0 rounded-full ${color}`} />
}

function NetworkFacts() {
  const { t } = useTranslation()
  const network = useNetwork()
  const health = network === undefined ? 'opening' : networkHealth(network)
  return (
    <div className="flex flex-col gap-1 px-3 text-sm">
      <p className="flex items-center gap-2 font-medium">
        <NetworkDot />
        {t(`network.${health}`)}
      </p>
      <p className="min-h-5 text-muted">
        {network === undefined || network.name === ''
          ? ''
          : t(`network.name.${network.name}`, { defaultValue: network.name })}
      </p>
      <p className="figures min-h-5 text-muted">
        {network === undefined || network.height === 0
          ? ''
          : t('network.height', { height: countText(network.height) })}
      </p>
    </div>
  )
}

/** Language and appearance. */
function Choices() {
  const { t, i18n } = useTranslation()
  const theme = useTheme()
  const select = 'h-9 w-full rounded-md border border-line-strong bg-surface px-2 text-sm'
  return (
    <div className="flex flex-col gap-2 px-1">
      <label className="flex flex-col gap-1 text-xs text-muted">
        {t('language.title')}
        <select
          data-choose="language"
          className={`${select} text-ink`}
          value={i18n.language}
          onChange={({ target }) => void chooseLanguage(target.value as Language)}
        >
          {LANGUAGES.map((language) => (
            <option key={language} value={language}>
              {t(`language.${language}`)}
            </option>
          ))}
        </select>
      </label>
      <label className="flex flex-col gap-1 text-xs text-muted">
        {t('theme.title')}
        <select
          className={`${select} text-ink`}
          value={theme}
          onChange={({ target }) => chooseTheme(target.value as Theme)}
        >
          {THEMES.map((one) => (
            <option key={one} value={one}>
              {t(`theme.${one}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
