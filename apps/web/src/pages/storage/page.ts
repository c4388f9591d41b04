import type { Page } from '../../app/page.ts'

export const page: Page = {
  id: 'storage',
  order: 4,
  icon: 'storage',
  path: '/storage',
  routes: [
    { path: '', load: () => import('./overview.tsx') },
    { path: '/$object', load: () => import('./object.tsx') },
  ],
}
