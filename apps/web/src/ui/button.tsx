import type { ButtonHTMLAttributes, ReactNode } from 'react'
import { Icon, type IconName } from './icon.tsx'

const looks = {
  primary: 'bg-accent text-on-accent hover:bg-accent-strong disabled:bg-line disabled:text-muted',
  plain: 'border border-line-strong bg-surface text-ink hover:bg-sunken disabled:text-muted disabled:border-line',
  quiet: 'text-ink hover:bg-sunken disabled:text-muted',
  danger: 'bg-bad text-on-bad hover:opacity-90 disabled:bg-line disabled:text-muted',
} as const

export type ButtonLook = keyof typeof looks

const sizes = { md: 'h-11 px-4 gap-2 text-base', sm: 'h-9 px-3 gap-1.5 text-sm' } as const

/** How a button or a link that looks like one is drawn. */
export function buttonClass(look: ButtonLook = 'plain', size: keyof typeof sizes = 'md'): string {
  return `inline-flex shrink-0 select-none items-center justify-center rounded-md font-medium transition-colors disabled:cursor-not-allowed aria-busy:cursor-progress ${sizes[size]} ${looks[look]}`
}

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: ButtonLook
  readonly size?: keyof typeof sizes
  readonly icon?: IconName
  /** Something is under way: it stays where it is and cannot be pressed again. */
  readonly isBusy?: boolean
  readonly children?: ReactNode
}

export function Button({ look, size, icon, isBusy = false, className = '', children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-busy={isBusy}
      aria-disabled={isBusy || rest.disabled}
      onClick={isBusy ? (event) => event.preventDefault() : onClick}
      className={`${buttonClass(look, size)} ${className}`}
    >
      {isBusy ? <Spinner /> : icon === undefined ? null : <Icon name={icon} size={18} />}
      {children}
    </button>
  )
}

/** A button that is a picture alone; `label` is what it is called. */
export function IconButton({
  icon,
  label,
  className = '',
  ...rest
}: Omit<ButtonProps, 'children'> & { icon: IconName; label: string }) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={`inline-flex size-9 shrink-0 items-center justify-center rounded-md text-muted transition-colors hover:bg-sunken hover:text-ink ${className}`}
    >
      <Icon name={icon} size={18} />
    </button>
  )
}

export function Spinner() {
  return (
    <span
      aria-hidden="true"
      className="size-4 shrink-0 animate-spin rounded-full border-2 border-current border-r-transparent"
    />
  )
}
