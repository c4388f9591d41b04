import { parseAddress } from '@smartshare/crypto'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { contactsQuery } from '../../chain/queries.ts'
import { chain } from '../../chain/remote.ts'
import { Address } from '../../ui/address.tsx'
import { Button, buttonClass, IconButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { errorText } from '../../ui/error-text.ts'
import { TextField } from '../../ui/field.tsx'
import { Icon } from '../../ui/icon.tsx'
import { EmptyPanel, QueryPanel } from '../../ui/state-panel.tsx'
import type { Contact } from '../../worker/vault-types.ts'
import { WalletFrame } from './wallet-frame.tsx'

const EMPTY: Contact = { address: '', name: '', note: '' }

export default function Contacts() {
  const { t } = useTranslation('wallet')
  const query = useQuery(contactsQuery)
  const [edited, setEdited] = useState<Contact | undefined>(undefined)
  const close = () => setEdited(undefined)
  return (
    <WalletFrame title={t('contacts.title')} text={t('contacts.text')}>
      {() => (
        <>
          <Button look="primary" icon="plus" className="self-start" onClick={() => setEdited(EMPTY)}>
            {t('contacts.add')}
          </Button>
          <div className="card overflow-hidden">
            <QueryPanel
              query={query}
              isEmpty={(all) => all.length === 0}
              empty={<EmptyPanel icon="book" title={t('contacts.empty.title')} text={t('contacts.empty.text')} />}
            >
              {(all) => (
                <ul className="divide-y divide-line">
                  {all.map((contact) => (
                    <li key={contact.address} className="flex flex-wrap items-center justify-between gap-3 px-5 py-3">
                      <Address address={contact.address} name={contact.name} />
                      <div className="flex items-center gap-1">
                        <Link to="/wallet/send" search={{ to: contact.address }} className={buttonClass('plain', 'sm')}>
                          <Icon name="send" size={16} />
                          {t('send.title')}
                        </Link>
                        <IconButton
                          icon="pen"
                          label={t('accounts.rename', { name: contact.name })}
                          onClick={() => setEdited(contact)}
                        />
                        <IconButton
                          icon="close"
                          label={t('contacts.remove', { name: contact.name })}
                          onClick={() => void chain.vault.removeContact(contact.address)}
                        />
                      </div>
                      {contact.note === '' ? null : (
                        <p className="w-full text-sm text-muted">
                          <bdi>{contact.note}</bdi>
                        </p>
                      )}
                    </li>
                  ))}
                </ul>
              )}
            </QueryPanel>
          </div>
          <Dialog isOpen={edited !== undefined} onClose={close} title={t('contacts.edit')}>
            {edited === undefined ? null : <ContactForm contact={edited} onDone={close} />}
          </Dialog>
        </>
      )}
    </WalletFrame>
  )
}

function ContactForm({ contact, onDone }: { readonly contact: Contact; readonly onDone: () => void }) {
  const { t } = useTranslation('wallet')
  const [draft, setDraft] = useState(contact)
  const [error, setError] = useState<unknown>(undefined)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setError(undefined)
    Promise.resolve()
      .then(() => parseAddress(draft.address.trim()))
      .then(() => chain.vault.saveContact({ ...draft, address: draft.address.trim() }))
      .then(onDone, setError)
  }
  const code = (error as { code?: string } | undefined)?.code
  return (
    <form onSubmit={submit} className="flex flex-col gap-2">
      <TextField
        label={t('contacts.address')}
        value={draft.address}
        disabled={contact.address !== ''}
        placeholder="ssp1…"
        className="font-mono text-sm"
        onChange={({ target }) => setDraft({ ...draft, address: target.value })}
        error={code?.startsWith('ADDRESS') === true ? errorText(error, t) : undefined}
      />
      <TextField
        label={t('new.name')}
        value={draft.name}
        maxLength={64}
        onChange={({ target }) => setDraft({ ...draft, name: target.value })}
        error={error !== undefined && code?.startsWith('ADDRESS') !== true ? errorText(error, t) : undefined}
      />
      <TextField
        label={t('contacts.note')}
        value={draft.note}
        maxLength={200}
        onChange={({ target }) => setDraft({ ...draft, note: target.value })}
      />
      <Button type="submit" look="primary" className="self-end">
        {t('common:action.save')}
      </Button>
    </form>
  )
}
