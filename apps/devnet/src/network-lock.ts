import { type FolderLock, lockFolder } from '@smartshare/link/folder-lock'

/** Lets one process at a time start, stop or remove the network in `dir`. Throws DEVNET_LOCKED, FOLDER_LOCK. */
export function lockNetwork(dir: string): Promise<FolderLock> {
  return lockFolder(dir, {
    code: 'DEVNET_LOCKED',
    message: `another command is starting or stopping the network in ${dir}`,
  })
}
