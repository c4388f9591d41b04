import { useEffect, useState } from 'react'
import { queryClient } from '../../chain/queries.ts'
import { remote } from './queries.ts'

/** As `smartshare agent pair` prints it. */
const LINK = /^#agent=([A-Za-z0-9_-]{1,128})$/

/** Keeps a token and asks again for everything that needs it. */
export async function pairWith(token: string): Promise<void> {
  await remote.pair(token)
  await queryClient.invalidateQueries({ queryKey: ['storage'] })
}

/** Pairs this browser when the page was opened by a link that carries the token, and takes the token out of the address. */
export function usePairingLink(): { readonly isBusy: boolean; readonly error: unknown } {
  const [state, setState] = useState<{ isBusy: boolean; error: unknown }>({ isBusy: false, error: undefined })
  useEffect(() => {
    const token = LINK.exec(location.hash)?.[1]
    if (token === undefined) return
    history.replaceState(history.state, '', location.pathname)
    setState({ isBusy: true, error: undefined })
    pairWith(token).then(
      () => setState({ isBusy: false, error: undefined }),
      (error: unknown) => setState({ isBusy: false, error }),
    )
  }, [])
  return state
}
