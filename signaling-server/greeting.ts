import { renderUnicodeCompact } from 'uqr';
import type { RunningServer } from './server.ts';

/** What the terminal shows once the server runs. */
export function greeting({ url, urls }: RunningServer, certificate: 'own' | 'given' | 'none'): string {
  const [first, ...others] = urls;
  const lines = ['', `  Potluck is ready at  ${first ?? url}`];
  for (const other of first ? [...others, url] : []) lines.push(`                   or  ${other}`);
  if (first) {
    lines.push('', indent(renderUnicodeCompact(first, { border: 2 })), '');
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

function indent(block: string): string {
  return block.replace(/^/gm, '  ');
}
