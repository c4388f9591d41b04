import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { buttonClass } from '../../ui/button.tsx'
import { Icon, type IconName } from '../../ui/icon.tsx'

const points: readonly { readonly id: string; readonly icon: IconName }[] = [
  { id: 'keys', icon: 'key' },
  { id: 'proof', icon: 'shield' },
  { id: 'nobody', icon: 'people' },
]

/** What stands where there is no wallet yet. */
export function Welcome() {
  const { t } = useTranslation('wallet')
  return (
    <div className="grid gap-8 py-6 lg:py-12">
      <div className="max-w-2xl">
        <h1 className="text-3xl">{t('welcome.title')}</h1>
        <p className="mt-3 text-lg text-muted">{t('welcome.text')}</p>
        <div className="mt-6 flex flex-wrap gap-3">
          <Link to="/wallet/new" className={buttonClass('primary')}>
            <Icon name="plus" size={18} />
            {t('welcome.create')}
          </Link>
          <Link to="/wallet/new" search={{ way: 'import' }} className={buttonClass('plain')}>
            {t('welcome.import')}
          </Link>
          <Link to="/wallet/new" search={{ way: 'passkey' }} className={buttonClass('plain')}>
            <Icon name="key" size={18} />
            {t('welcome.passkey')}
          </Link>
        </div>
      </div>
      <ul className="grid gap-4 sm:grid-cols-3">
        {points.map(({ id, icon }) => (
          <li key={id} className="card p-5">
            <span className="text-accent">
              <Icon name={icon} size={24} />
            </span>
            <p className="mt-3 font-semibold">{t(`welcome.points.${id}.title`)}</p>
            <p className="mt-1 text-sm text-muted">{t(`welcome.points.${id}.text`)}</p>
          </li>
        ))}
      </ul>
    </div>
  )
}
