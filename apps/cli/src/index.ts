export { main, VERSION } from './main.ts'
