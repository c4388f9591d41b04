import { useTranslation } from 'react-i18next'
import { foreignName } from './format.ts'
import { Icon } from './icon.tsx'

/** A name that somebody chose: text and nothing else, kept from disturbing what stands around it, with a warning where it may deceive. */
export function ForeignName({ name }: { readonly name: string }) {
  const { t } = useTranslation()
  const { text, isMixed, isSpoiled } = foreignName(name)
  const warning = isMixed ? t('name.mixed') : isSpoiled ? t('name.spoiled') : undefined
  return (
    <span className="inline-flex max-w-full items-baseline gap-1">
      <bdi className="truncate">{text}</bdi>
      {warning === undefined ? null : (
        <span title={warning} className="self-center text-warn">
          <Icon name="warning" size={14} />
          <span className="sr-only">{warning}</span>
        </span>
      )}
    </span>
  )
}
