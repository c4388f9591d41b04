import type { ReactNode } from 'react'

/** Drawn on 24 × 24, in the colour of the text. */
const icons = {
  wallet: (
    <path d="M4 7.500h13.500A2.500 2.500 0 0 1 20 10v7.500a2.500 2.500 0 0 1-2.500 2.500h-11A2.500 2.500 0 0 1 4 17.500v-11A2.500 2.500 0 0 1 6.500 4H16M16.200 13.700h.1" />
  ),
  explorer: <path d="M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-4-4" />,
  delegates: (
    <path d="M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM2.500 20c.3-3.600 2.800-5.800 6.500-5.800s6.200 2.200 6.500 5.800M15.500 4.300a3.500 3.500 0 0 1 0 6.400M18 14.700c2.100.8 3.300 2.600 3.500 5.300" />
  ),
  storage: <path d="M4.500 5.500h15v5h-15zM4.500 13.500h15v5h-15zM8 8h.1M8 16h.1" />,
  tokens: <path d="M9 15a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11ZM14.800 9.200A5.500 5.500 0 1 1 9.200 14.800" />,
  contracts: <path d="M8 8 4 12l4 4M16 8l4 4-4 4M13.500 5l-3 14" />,
  network: (
    <path d="M12 8a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM5.500 21a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM18.500 21a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM10.900 8.200 6.700 16M13.100 8.200l4.200 7.800M8 18.500h8" />
  ),
  send: <path d="M12 19V5M6 11l6-6 6 6" />,
  receive: <path d="M12 5v14M6 13l6 6 6-6" />,
  copy: <path d="M9 9h10v10H9zM5.500 15V5h10" />,
  check: <path d="m5 12.500 4.500 4.500L19 7.500" />,
  shield: (
    <path d="M12 3.500 5 6v5.500c0 4.300 2.900 7.300 7 9 4.100-1.700 7-4.700 7-9V6zM8.800 11.900l2.300 2.300 4.200-4.400" />
  ),
  clock: <path d="M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17ZM12 7.500V12l3 2" />,
  warning: <path d="M12 4 2.800 19.500h18.400zM12 10v4.500M12 17.200h.1" />,
  close: <path d="m6 6 12 12M18 6 6 18" />,
  menu: <path d="M4 7h16M4 12h16M4 17h16" />,
  lock: <path d="M6 10.500h12v9H6zM8.500 10.500V8a3.500 3.500 0 0 1 7 0v2.500" />,
  unlock: <path d="M6 10.500h12v9H6zM8.500 10.500V8a3.500 3.500 0 0 1 6.800-1.200" />,
  plus: <path d="M12 5v14M5 12h14" />,
  key: <path d="M8 19a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM11 12l8-8M16 7l2.500 2.500" />,
  book: <path d="M6 4h12v16H6a1.500 1.500 0 0 1-1.500-1.500v-13A1.500 1.500 0 0 1 6 4ZM9 8.500h5.500M9 12h5.500" />,
  pen: <path d="m5 19 1-4L16 5l3 3L9 18zM13.500 7.500l3 3" />,
  scan: <path d="M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16" />,
  down: <path d="m6 9.500 6 6 6-6" />,
  right: <path d="m9.500 6 6 6-6 6" />,
  left: <path d="m14.500 6-6 6 6 6" />,
  external: <path d="M9 5h10v10M19 5 6 18" />,
  people: (
    <path d="M8 11.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM16 11.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.500 18.500c.2-2.700 2.400-4.500 5.500-4.500s5.300 1.800 5.500 4.500M16 14c3.100 0 5.300 1.800 5.500 4.500" />
  ),
  drop: <path d="M12 4c3 3.700 5.500 6.300 5.500 9.500a5.500 5.500 0 0 1-11 0C6.500 10.300 9 7.700 12 4Z" />,
  gear: (
    <path d="M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM12 3.500V6M12 18v2.500M3.500 12H6M18 12h2.500M6 6l1.800 1.800M16.200 16.200 18 18M6 18l1.800-1.800M16.200 7.800 18 6" />
  ),
  chart: <path d="M4.500 4.500v15h15M8 15l3.500-4 3 2.500 4-5.500" />,
  table: <path d="M4.500 5h15v14h-15zM4.500 10h15M10 10v9" />,
} as const satisfies Record<string, ReactNode>

export type IconName = keyof typeof icons

/** A picture beside words; it says nothing by itself. */
export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.75}
      strokeLinecap="round"
      strokeLinejoin="round"
      className="shrink-0"
    >
      {icons[name]}
    </svg>
  )
}
