import { useTranslation } from 'react-i18next'
import { Address } from '../../ui/address.tsx'
import { QrCode } from '../../ui/qr-code.tsx'
import { WalletFrame } from './wallet-frame.tsx'

export default function Receive() {
  const { t } = useTranslation('wallet')
  return (
    <WalletFrame title={t('receive.title')} text={t('receive.text')}>
      {({ address, name }) => (
        <div className="card flex max-w-xl flex-col items-center gap-5 p-6">
          <QrCode text={address} label={t('receive.code', { address })} />
          <Address address={address} name={name} isWhole />
          <p className="text-center text-sm text-muted">{t('receive.compare')}</p>
        </div>
      )}
    </WalletFrame>
  )
}
