export { type InitRequest, initAgent } from './init.ts'
export { type AgentSettings, type AgentSettingsInput, readSettings, SETTINGS_FILE, writeSettings } from './settings.ts'
