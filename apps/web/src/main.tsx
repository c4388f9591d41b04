import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { router } from './app/router.tsx'
import { applyTheme } from './app/theme.ts'
import { startPasskeys } from './chain/passkey.ts'
import { queryClient, startNews } from './chain/queries.ts'
import { startTexts } from './i18n/texts.ts'
import { ToastHost } from './ui/toast.tsx'
import './styles.css'

const place = document.getElementById('app')
if (place === null) throw new TypeError('the page has no place for the app')

applyTheme()
startNews()
startPasskeys()
await startTexts()
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <ToastHost>
        <RouterProvider router={router} />
      </ToastHost>
    </QueryClientProvider>
  </StrictMode>,
)
// The app opens without its server once it was opened with it.
if ('serviceWorker' in navigator && import.meta.env.PROD) void navigator.serviceWorker.register('/service-worker.js')
