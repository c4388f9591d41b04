import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react'

interface FieldProps {
  readonly label: string
  readonly hint?: ReactNode
  readonly error?: string | undefined
  /** Beside the label, at the end of the line. */
  readonly aside?: ReactNode
  /** Inside the frame, after what is typed. */
  readonly suffix?: ReactNode
}

const frame =
  'flex items-stretch rounded-md border bg-surface transition-colors focus-within:border-accent focus-within:outline-2 focus-within:-outline-offset-1 focus-within:outline-accent'
const inner = 'min-w-0 flex-1 bg-transparent px-3 text-base text-ink outline-none placeholder:text-muted'

interface Ids {
  readonly id: string
  readonly 'aria-describedby': string | undefined
  readonly 'aria-invalid': boolean
}

/** Label, control, hint and error, tied together for those who do not see them. The room for an error is always there. */
function Labelled({
  label,
  hint,
  error,
  aside,
  children,
}: FieldProps & { readonly children: (ids: Ids) => ReactNode }) {
  const id = useId()
  const hintId = `${id}-hint`
  const note = error ?? hint
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex items-baseline justify-between gap-3">
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {aside === undefined ? null : <div className="text-sm text-muted">{aside}</div>}
      </div>
      {children({
        id,
        'aria-describedby': note === undefined ? undefined : hintId,
        'aria-invalid': error !== undefined,
      })}
      <p
        id={hintId}
        role={error === undefined ? undefined : 'alert'}
        className={`min-h-5 text-sm ${error === undefined ? 'text-muted' : 'text-bad'}`}
      >
        {note}
      </p>
    </div>
  )
}

/** One line of text. */
export function TextField({
  label,
  hint,
  error,
  aside,
  suffix,
  className = '',
  ...rest
}: FieldProps & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <Labelled label={label} hint={hint} error={error} aside={aside}>
      {(ids) => (
        <div className={`${frame} min-h-11 ${error === undefined ? 'border-line-strong' : 'border-bad'}`}>
          <input
            autoComplete="off"
            spellCheck={false}
            autoCapitalize="none"
            {...rest}
            {...ids}
            className={`${inner} ${className}`}
          />
          {suffix}
        </div>
      )}
    </Labelled>
  )
}

/** Several lines of text. */
export function TextArea({
  label,
  hint,
  error,
  aside,
  className = '',
  ...rest
}: FieldProps & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <Labelled label={label} hint={hint} error={error} aside={aside}>
      {(ids) => (
        <div className={`${frame} ${error === undefined ? 'border-line-strong' : 'border-bad'}`}>
          <textarea
            autoComplete="off"
            spellCheck={false}
            rows={3}
            {...rest}
            {...ids}
            className={`${inner} py-2.5 ${className}`}
          />
        </div>
      )}
    </Labelled>
  )
}

/** One of a few: the platform's own control, which every phone and reader knows. */
export function SelectField({
  label,
  hint,
  error,
  aside,
  children,
  ...rest
}: FieldProps & SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <Labelled label={label} hint={hint} error={error} aside={aside}>
      {(ids) => (
        <div className={`${frame} min-h-11 ${error === undefined ? 'border-line-strong' : 'border-bad'}`}>
          <select {...rest} {...ids} className={`${inner} rounded-md bg-surface pr-8`}>
            {children}
          </select>
        </div>
      )}
    </Labelled>
  )
}
