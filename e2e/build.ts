import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './repository.ts';

/** What the built page is made of. */
const SOURCES = [
  ...['app', 'core', 'worker', 'public', 'index.html', 'embed.html'],
  ...['vite.config.ts', 'tools/embed-build.ts', 'package-lock.json'],
];

/** The lab's own build of the page: the product's, with other surroundings (e2e/lab/page). */
export const LAB_BUILD: string = join(ROOT, '.cache/lab');
const LAB_SOURCES = 'e2e/lab/page';

/** Builds the page into dist/ unless it is newer than all its sources. */
export async function buildOnce(): Promise<void> {
  if (isStale(join(ROOT, 'dist'), SOURCES)) await runNode('node_modules/vite/bin/vite.js', 'build');
  // Does nothing for files it has already compressed.
  await runNode('--import', 'tsx', 'tools/precompress.ts');
}

/** Builds the lab's page into {@link LAB_BUILD} unless it is newer than all its sources. */
export async function buildLabOnce(): Promise<void> {
  if (!isStale(LAB_BUILD, [...SOURCES, LAB_SOURCES])) return;
  await runNode('node_modules/vite/bin/vite.js', 'build', '--config', `${LAB_SOURCES}/vite.config.ts`);
}

function isStale(folder: string, sources: readonly string[]): boolean {
  const built = join(folder, 'index.html');
  const newest = Math.max(...sources.map((source) => newestChange(join(ROOT, source))));
  return !existsSync(built) || statSync(built).mtimeMs < newest;
}

function newestChange(path: string): number {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

function runNode(...parameters: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    // Vitest's own, "test", would make the page a development build, a tenth larger.
    const env = { ...process.env, NODE_ENV: 'production' };
    const child = spawn(process.execPath, parameters, {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (text) => {
      complaint += text;
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`node ${parameters.join(' ')} ended with ${code}:\n${complaint}`));
    });
  });
}

/** Vitest calls this once before all stories. */
export async function setup(): Promise<void> {
  await buildOnce();
}
