import type { Page } from '../../app/page.ts'

export const page: Page = {
  id: 'wallet',
  order: 1,
  icon: 'wallet',
  path: '/wallet',
  routes: [
    { path: '', load: () => import('./overview.tsx') },
    { path: '/new', load: () => import('./new-wallet.tsx') },
    { path: '/send', load: () => import('./send.tsx') },
    { path: '/receive', load: () => import('./receive.tsx') },
    { path: '/accounts', load: () => import('./accounts.tsx') },
    { path: '/shared', load: () => import('./shared.tsx') },
    { path: '/contacts', load: () => import('./contacts.tsx') },
    { path: '/messages', load: () => import('./messages.tsx') },
  ],
}
