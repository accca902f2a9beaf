import { renderUnicodeCompact } from 'uqr';
import type { RunningServer } from './server.ts';

/** What the terminal shows once the server runs. */
export function greeting(
  { url, urls }: Pick<RunningServer, 'url' | 'urls'>,
  certificate: 'own' | 'given' | 'none',
  isTerminal: boolean,
): string {
  const [first, ...others] = urls;
  const lines = ['', `  Potluck is ready at  ${first ?? url}`];
  for (const other of first ? [...others, url] : []) lines.push(`                   or  ${other}`);
  if (first) {
    lines.push('', code(first, isTerminal), '');
    lines.push('  Open it here, or scan the code with a phone on the same network.');
  }
  if (certificate === 'own') {
    lines.push(
      '  The browser will warn once that it does not know this certificate: choose "Advanced", then go on.',
    );
  }
  if (certificate === 'none' && first) {
    lines.push(
      '  Without HTTPS other devices get no WebGPU and no threads: use --http behind a proxy or tunnel only.',
    );
  }
  return `${lines.join('\n')}\n  Press Ctrl+C to stop.\n`;
}

/** White on black whatever the terminal's colours are: not every phone reads a code the other way round. */
function code(address: string, isTerminal: boolean): string {
  const lines = renderUnicodeCompact(address, { border: 2 }).split('\n');
  return lines.map((line) => (isTerminal ? `  \x1b[97;40m${line}\x1b[0m` : `  ${line}`)).join('\n');
}
