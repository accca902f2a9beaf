import { execFileSync } from 'node:child_process';
import { ROOT } from '../e2e/repository.ts';

/** Writes a network of full size with random weights, as `npm run shapes` does. */
export function writeShape(parameters: readonly string[], folder: string): void {
  const command = ['--import', 'tsx', 'models/shapes/main.ts', ...parameters, '--out', folder];
  execFileSync(process.execPath, command, { cwd: ROOT, stdio: 'ignore' });
}
