import type { AgentObjectDetail } from '@smartshare/client'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { queryClient } from '../../chain/queries.ts'
import { Amount } from '../../ui/amount.tsx'
import { Button } from '../../ui/button.tsx'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { momentText } from '../../ui/format.ts'
import { Icon } from '../../ui/icon.tsx'
import { Problem } from '../../ui/problem.tsx'
import { Section } from '../../ui/section.tsx'
import { Note, QueryPanel } from '../../ui/state-panel.tsx'
import { Copies } from './copies.tsx'
import { Inspections } from './inspections.tsx'
import { MoneyFlow } from './money-flow.tsx'
import { Left, objectName } from './objects.tsx'
import { Preview } from './preview.tsx'
import { moneyQuery, objectQuery, objectsQuery, remote, statusQuery } from './queries.ts'
import { RemoveDialog } from './remove-dialog.tsx'
import { saveObject } from './save-object.ts'
import { sizeText } from './size-text.ts'

/** One object: what it is, where its copies are, how they were inspected, and where its money went. */
export default function StorageObject() {
  const { t } = useTranslation('storage')
  const { object: id = '' } = useParams({ strict: false }) as { readonly object?: string }
  const query = useQuery(objectQuery(id))
  return (
    <div className="flex flex-col gap-6">
      <Link to="/storage" className="inline-flex items-center gap-1 self-start rounded-sm text-accent hover:underline">
        <Icon name="left" size={16} />
        {t('object.back')}
      </Link>
      <QueryPanel query={query} lines={8}>
        {(object) => <Detail object={object} />}
      </QueryPanel>
    </div>
  )
}

function Detail({ object }: { readonly object: AgentObjectDetail }) {
  const { t, i18n } = useTranslation('storage')
  const navigate = useNavigate()
  const [isRemoving, setRemoving] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const ids = object.agreements.map(({ agreement }) => agreement)
  const money = useQuery(moneyQuery(ids))
  const { data: status } = useQuery(statusQuery)
  const isKept = object.copies > 0
  const save = () => {
    setError(undefined)
    saveObject(object.object).catch(setError)
  }
  const removed = () => {
    setRemoving(false)
    void queryClient.invalidateQueries(objectsQuery)
    void navigate({ to: '/storage' })
  }
  return (
    <>
      <div className="flex flex-wrap items-start justify-between gap-4">
        <div className="min-w-0">
          <h1 className="text-2xl break-words">
            <ForeignName name={objectName(object)} />
          </h1>
          <p className="mt-1 text-muted">
            {sizeText(object.sizeBytes)}
            {object.storedMs === null
              ? null
              : ` · ${t('object.stored', { time: momentText(object.storedMs, i18n.language) })}`}
          </p>
        </div>
        <div className="flex gap-2">
          <Button look="primary" icon="receive" disabled={!isKept} onClick={save}>
            {t('object.download')}
          </Button>
          <Button icon="close" disabled={!isKept} onClick={() => setRemoving(true)}>
            {t('remove.title')}
          </Button>
        </div>
      </div>
      <Problem error={error} />
      {isKept ? null : <Note look="warn">{t('object.over')}</Note>}
      <dl className="grid grid-cols-2 gap-3 lg:grid-cols-4">
        <Fact name={t('object.copies')}>{t('object.copiesOf', { copies: object.copies })}</Fact>
        <Fact name={t('object.left')}>
          <Left endsMs={object.endsMs} />
        </Fact>
        <Fact name={t('object.paid')}>
          <Sum object={object} grains={object.paidGrains} />
        </Fact>
        <Fact name={t('object.locked')}>
          <Sum object={object} grains={object.lockedGrains} />
        </Fact>
      </dl>
      {isKept ? <Preview object={object} /> : null}
      <Section title={t('copies.title')}>
        <Copies object={object} />
      </Section>
      <Section title={t('inspections.title')}>
        <Inspections object={object} events={money.data ?? null} periodMs={status?.periodMs} />
      </Section>
      <Section title={t('money.title')}>
        <MoneyFlow query={money} token={object.token} />
      </Section>
      <RemoveDialog
        object={object}
        isOpen={isRemoving}
        onClose={() => setRemoving(false)}
        onDone={removed}
        remove={remote.remove}
      />
    </>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="card flex flex-col gap-0.5 px-4 py-3">
      <dt className="text-sm text-muted">{name}</dt>
      <dd className="figures text-lg font-semibold tracking-tight">{children}</dd>
    </div>
  )
}

function Sum({ object, grains }: { readonly object: AgentObjectDetail; readonly grains: bigint }) {
  return object.token === 'SSP' ? <Amount units={grains} /> : <span>{String(grains)}</span>
}
