import { Toast } from '@base-ui/react/toast'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from './button.tsx'

const manager = Toast.createToastManager()
const SHOWN_MS = 6000

/** Says something in passing; what must not be missed belongs into the page. */
export function say(title: string, description?: string): void {
  manager.add({ title, ...(description === undefined ? {} : { description }), timeout: SHOWN_MS })
}

export function ToastHost({ children }: { readonly children: ReactNode }) {
  return (
    <Toast.Provider toastManager={manager} limit={3}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="fixed right-4 bottom-20 z-60 flex w-[min(22rem,calc(100vw-2rem))] flex-col gap-2 lg:bottom-4">
          <Toasts />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function Toasts() {
  const { t } = useTranslation()
  const { toasts } = Toast.useToastManager()
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="card flex animate-appear items-start gap-3 p-4 shadow-raised">
      <Toast.Content className="min-w-0 flex-1">
        <Toast.Title className="font-medium" />
        <Toast.Description className="text-sm text-muted" />
      </Toast.Content>
      <Toast.Close render={<IconButton icon="close" label={t('action.close')} className="-my-1.5 -mr-2" />} />
    </Toast.Root>
  ))
}
