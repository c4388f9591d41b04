export { type ErrorDetails, SmartshareError } from './error.ts'
