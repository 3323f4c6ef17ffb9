/** The tests: every file named *.test.ts(x), two workers at most, nothing retried and nothing skipped silently. */
import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const globalSetup = './tests/support/global-setup.ts'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.{ts,tsx}', 'src/**/*.test.{ts,tsx}'],
    globalSetup: existsSync(globalSetup) ? [globalSetup] : [],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    allowOnly: false,
    dangerouslyIgnoreUnhandledErrors: false,
    passWithNoTests: false,
  },
})
