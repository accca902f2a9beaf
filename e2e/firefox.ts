import puppeteer, { type Browser } from 'puppeteer-core';
import { isExecutable, onPath } from './browser.ts';

const COMMANDS = ['firefox-esr', 'firefox'];
const APPLICATIONS = [
  '/Applications/Firefox.app/Contents/MacOS/firefox',
  'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
];

/** A stock Firefox: FIREFOX_PATH, then an installed one; undefined when there is none. */
export function findFirefox(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env.FIREFOX_PATH;
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined;
  return [...onPath(COMMANDS, env), ...APPLICATIONS].find(isExecutable);
}

/** Starts a headless Firefox as people have it, driven over WebDriver BiDi. The caller closes it. */
export function launchFirefox(executablePath: string): Promise<Browser> {
  return puppeteer.launch({ browser: 'firefox', executablePath, headless: true, acceptInsecureCerts: true });
}
