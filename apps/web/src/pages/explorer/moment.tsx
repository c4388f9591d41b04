import { useTranslation } from 'react-i18next'

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(language: string): Intl.DateTimeFormat {
  const known = formats.get(language)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat(language === 'zh' ? 'zh-Hans' : 'en-GB', {
    dateStyle: 'medium',
    timeStyle: 'medium',
  })
  formats.set(language, made)
  return made
}

/** A moment to the second, in the zone of the reader. */
export function Moment({ ms }: { readonly ms: number }) {
  const { i18n } = useTranslation()
  return (
    <time dateTime={new Date(ms).toISOString()} className="figures whitespace-nowrap">
      {formatOf(i18n.language).format(ms)}
    </time>
  )
}
