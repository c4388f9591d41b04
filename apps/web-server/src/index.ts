export { runWebServer } from './run.ts'
export { startWebServer, type WebServer } from './server.ts'
export { readWebSettings, type WebSettings } from './settings.ts'
