import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  Link,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { loadTexts } from '../i18n/texts.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { LoadingPanel, Note } from '../ui/state-panel.tsx'
import { pages } from './page.ts'
import { Shell } from './shell.tsx'

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: Failed })

const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: pages[0]?.path ?? '/' })
  },
})

/** Every page is a chunk of its own, read with its texts when it is opened. */
const pageRoutes = pages.flatMap((page) =>
  page.routes.map(({ path, load }) =>
    createRoute({
      getParentRoute: () => rootRoute,
      path: `${page.path}${path}`,
      loader: () => loadTexts(page.id),
      component: lazyRouteComponent(load),
      pendingComponent: LoadingPanel,
      errorComponent: Failed,
    }),
  ),
)

export const router = createRouter({
  routeTree: rootRoute.addChildren([homeRoute, ...pageRoutes]),
  defaultPreload: 'intent',
  scrollRestoration: true,
  trailingSlash: 'never',
})

function NotFound() {
  const { t } = useTranslation()
  return (
    <div className="flex flex-col items-start gap-4 py-10">
      <h1 className="text-2xl">{t('notFound.title')}</h1>
      <p className="text-muted">{t('notFound.text')}</p>
      <Link to="/" className={buttonClass('primary')}>
        {t('notFound.home')}
      </Link>
    </div>
  )
}

function Failed({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation()
  return (
    <div role="alert" className="flex flex-col items-start gap-4 py-10">
      <h1 className="text-2xl">{t('failed.title')}</h1>
      <p className="text-muted">{t('failed.text')}</p>
      <Note look="bad">{String((error as Error | null)?.message ?? error)}</Note>
      <Button onClick={reset}>{t('action.retry')}</Button>
    </div>
  )
}
