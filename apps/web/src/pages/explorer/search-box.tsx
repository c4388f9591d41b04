import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { shortAddress } from '../../ui/address.tsx'
import { errorText } from '../../ui/error-text.ts'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { countText } from '../../ui/format.ts'
import { Icon } from '../../ui/icon.tsx'
import { shortHash } from './links.tsx'
import { remote } from './queries.ts'
import type { Found } from './remote/search.ts'

const KEY = '/'
const HASH_CHARACTERS = 32

/** Where a thing that was found has its page; null: it has none. */
function pathOf({ kind, id }: Found): string | null {
  if (kind === 'block' || kind === 'transaction' || kind === 'token' || kind === 'contract') {
    return `/explorer/${kind}/${id}`
  }
  if (kind === 'account' || kind === 'delegate') return `/explorer/account/${id}`
  return kind === 'term' ? '/explorer/delegates' : null
}

function idText({ kind, id }: Found): string {
  if (id.startsWith('ssp1')) return shortAddress(id)
  if (id.length >= HASH_CHARACTERS) return shortHash(id)
  return kind === 'block' ? countText(Number(id)) : id
}

/** Finds heights, hashes, addresses and names; the key `/` goes there from anywhere on the page. */
export function SearchBox() {
  const { t } = useTranslation('explorer')
  const router = useRouter()
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState('')
  const [isOpen, setOpen] = useState(false)
  const [chosen, setChosen] = useState(0)
  const word = useDeferredValue(text.trim())
  const query = useQuery({
    queryKey: ['explorer', 'search', word],
    queryFn: () => remote.find(word),
    enabled: word !== '',
    placeholderData: keepPreviousData,
    meta: { live: true },
  })
  const found = word === '' ? [] : (query.data?.items ?? []).filter((one) => pathOf(one) !== null)
  const isSettled = word === text.trim() && !query.isPlaceholderData && !query.isPending
  const isShown = isOpen && word !== '' && (query.data !== undefined || query.error !== null)
  const place = Math.min(chosen, Math.max(0, found.length - 1))

  useEffect(() => {
    const listen = (event: globalThis.KeyboardEvent) => {
      const target = event.target as HTMLElement
      if (event.key !== KEY || event.ctrlKey || event.metaKey || event.altKey) return
      if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return
      event.preventDefault()
      input.current?.focus()
      input.current?.select()
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])

  const open = (one: Found | undefined) => {
    const path = one === undefined ? null : pathOf(one)
    if (path === null) return
    setOpen(false)
    setText('')
    void router.navigate({ to: path })
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      setChosen((place + step + Math.max(1, found.length)) % Math.max(1, found.length))
    } else if (event.key === 'Enter') {
      event.preventDefault()
      if (isSettled) open(found[place])
    } else if (event.key === 'Escape') setOpen(false)
  }
  return (
    <search className="relative">
      <div className="flex h-12 items-center gap-3 rounded-lg border border-line-strong bg-surface px-4 focus-within:border-accent focus-within:outline-2 focus-within:-outline-offset-1 focus-within:outline-accent">
        <span className="text-muted">
          <Icon name="explorer" />
        </span>
        <input
          ref={input}
          role="combobox"
          aria-label={t('search.label')}
          aria-expanded={isShown}
          aria-controls={`${id}-list`}
          aria-activedescendant={isShown && found.length > 0 ? `${id}-${place}` : undefined}
          aria-autocomplete="list"
          aria-keyshortcuts={KEY}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={64}
          placeholder={t('search.hint')}
          value={text}
          onChange={({ target }) => {
            setText(target.value)
            setChosen(0)
            setOpen(true)
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={press}
          className="min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-muted"
        />
        <kbd className="hidden rounded-sm border border-line px-1.5 font-mono text-xs text-muted sm:block">{KEY}</kbd>
      </div>
      {isShown ? (
        <div
          id={`${id}-list`}
          role="listbox"
          aria-label={t('search.found')}
          className="card absolute inset-x-0 top-full z-30 mt-2 max-h-96 animate-appear overflow-y-auto p-1.5 shadow-raised"
        >
          {found.map((one, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: keys stay in the field, which names the chosen one
            // biome-ignore lint/a11y/useFocusableInteractive: as above
            <div
              key={`${one.kind} ${one.id}`}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === place}
              data-found={one.kind}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => open(one)}
              className={`flex cursor-pointer items-center gap-3 rounded-md px-3 py-2.5 ${index === place ? 'bg-accent-soft' : 'hover:bg-sunken'}`}
            >
              <span className="w-24 shrink-0 text-sm text-muted">{t(`kind.${one.kind}`)}</span>
              <span className="min-w-0 flex-1 truncate">
                {one.title === '' || one.kind === 'block' ? null : (
                  <span className="mr-2 font-medium">
                    <ForeignName name={one.title} />
                  </span>
                )}
                <span className="figures font-mono text-sm">{idText(one)}</span>
              </span>
            </div>
          ))}
          {found.length > 0 ? null : (
            <p role="status" className="px-3 py-2.5 text-muted">
              {query.error !== null ? errorText(query.error, t) : isSettled ? t('search.none') : t('search.looking')}
            </p>
          )}
          {query.data?.isWhole === false ? <p className="px-3 py-2 text-sm text-warn">{t('search.partly')}</p> : null}
        </div>
      ) : null}
    </search>
  )
}
