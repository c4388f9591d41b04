import type { Page } from '../../app/page.ts'

export const page: Page = {
  id: 'network',
  order: 7,
  icon: 'network',
  path: '/network',
  routes: [{ path: '', load: () => import('./overview.tsx') }],
}
