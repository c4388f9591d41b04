import type { Page } from '../../app/page.ts'

export const page: Page = {
  id: 'explorer',
  order: 2,
  icon: 'explorer',
  path: '/explorer',
  routes: [
    { path: '', load: () => import('./overview.tsx') },
    { path: '/blocks', load: () => import('./blocks.tsx') },
    { path: '/block/$block', load: () => import('./block.tsx') },
    { path: '/transactions', load: () => import('./transactions.tsx') },
    { path: '/transaction/$id', load: () => import('./transaction.tsx') },
    { path: '/account/$address', load: () => import('./account.tsx') },
    { path: '/tokens', load: () => import('./tokens.tsx') },
    { path: '/token/$token', load: () => import('./token.tsx') },
    { path: '/contracts', load: () => import('./contracts.tsx') },
    { path: '/contract/$contract', load: () => import('./contract.tsx') },
    { path: '/delegates', load: () => import('./delegates.tsx') },
    { path: '/supply', load: () => import('./supply.tsx') },
  ],
}
