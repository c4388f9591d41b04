import type { TFunction } from 'i18next'

/** What an error says to a person: the text of its code, or what it says itself with its code. */
export function errorText(error: unknown, t: TFunction): string {
  const { code, message } = error as { readonly code?: string; readonly message?: string }
  if (code === undefined) return t('common:errors.unknown')
  return t(`common:errors.${code}`, { defaultValue: `${message ?? t('common:errors.unknown')} (${code})` })
}

/** The text of a code alone. */
export function codeText(code: string, t: TFunction): string {
  return t(`common:errors.${code}`, { defaultValue: code })
}
