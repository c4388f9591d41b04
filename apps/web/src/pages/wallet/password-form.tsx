import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/button.tsx'
import { errorText } from '../../ui/error-text.ts'
import { TextField } from '../../ui/field.tsx'
import type { IconName } from '../../ui/icon.tsx'

/** Asks for the password of a wallet, and does something with it; what that throws stands under the field. */
export function PasswordForm({
  label,
  icon,
  onPassword,
}: {
  /** Of the button. */
  readonly label: string
  readonly icon?: IconName
  readonly onPassword: (password: string) => Promise<void>
}) {
  const { t } = useTranslation('wallet')
  const [password, setPassword] = useState('')
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      await onPassword(password)
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-2">
      <TextField
        label={t('password.label')}
        type="password"
        autoComplete="current-password"
        value={password}
        onChange={({ target }) => setPassword(target.value)}
        error={error === undefined ? undefined : errorText(error, t)}
      />
      <Button
        type="submit"
        look="primary"
        className="self-end"
        {...(icon && { icon })}
        isBusy={isBusy}
        disabled={password === ''}
      >
        {label}
      </Button>
    </form>
  )
}
