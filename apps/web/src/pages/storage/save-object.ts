import { remote } from './queries.ts'

/** Has the browser save an object by itself, so that a large one never lies in the memory of the app. Throws AGENT_*, STORAGE_*. */
export async function saveObject(object: string): Promise<void> {
  const link = document.createElement('a')
  link.href = await remote.place(object, 'file')
  link.download = ''
  link.rel = 'noreferrer'
  link.click()
}
