import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BEGINNINGS = ['peer/potluck-peer.mjs', 'peer/main.ts', 'peer/thread-start.mjs', 'peer/probe.mjs'];
const TYPES_ONLY = /^(?:import|export) type [^;]*;/gm;
const IMPORTED = /(?:from|import|import\(|new URL\()\s*'(\.[^']+)'/g;

/** Every file that these load, by the imports that are left when types are gone. */
function loadedBy(beginnings: readonly string[]): Set<string> {
  const found = new Set<string>();
  const look = (file: string): void => {
    if (found.has(file) || !existsSync(join(ROOT, file))) return;
    found.add(file);
    if (!/\.m?[jt]s$/.test(file)) return;
    const text = readFileSync(join(ROOT, file), 'utf8').replace(TYPES_ONLY, '');
    for (const [, path = ''] of text.matchAll(IMPORTED)) look(normalize(join(dirname(file), path)));
  };
  for (const file of beginnings) look(file);
  return found;
}

test('the container has every file that the peer loads', () => {
  const text = readFileSync(join(ROOT, 'peer/deploy/Containerfile'), 'utf8');
  const copied = [...text.matchAll(/^COPY (\S+) \1$/gm)].map(([, folder]) => `${folder}/`);
  expect(copied).toContain('peer/');
  const loaded = [...loadedBy(BEGINNINGS)];
  expect(loaded.length).toBeGreaterThan(200);
  expect(loaded.filter((file) => !copied.some((folder) => file.startsWith(folder)))).toEqual([]);
});
