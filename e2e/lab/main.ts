import { writeFileSync } from 'node:fs';
import { messageOf } from '../../core/errors.ts';
import { findNatives, NativeMissingError } from '../../peer/natives.ts';
import { buildLabOnce, buildOnce } from '../build.ts';
import { NoQuotaError } from './cpu-controller.ts';
import { requireQuotas } from './cpu-quota.ts';
import { isHarmless } from './faults/judge.ts';
import { readInput } from './input.ts';
import { inLabPage, measure } from './measure.ts';
import { type LabOptions, parseLabOptions, USAGE } from './options.ts';
import { tableOf } from './report.ts';
import { UsageError } from './usage-error.ts';

/** Exit status: 0 when the split run is verified, 1 when it is not, 2 when what it asks for cannot be had. */
async function main(): Promise<number> {
  const options = parseLabOptions(process.argv.slice(2));
  const input = await readInput(options);
  if (options.cpu.length > 0) requireQuotas();
  if (options.edge > 0) await findNatives();
  if (inLabPage(options)) await buildLabOnce();
  else await buildOnce();
  try {
    const report = await measure(options, input);
    console.log(tableOf(report));
    keep(options, report);
    return report.verify.ok && isHarmless(report.faults ?? []) && report.errors.length === 0 ? 0 : 1;
  } catch (error) {
    // A program that reads the file must not find that of an earlier run.
    keep(options, { model: options.model, devices: [], verify: { ok: false }, errors: [plain(error)] });
    throw error;
  }
}

function keep({ json }: LabOptions, report: unknown): void {
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}

/** Without the lines of the call stack that Playwright puts into the message. */
function plain(error: unknown): string {
  return messageOf(error).split('\n    at ')[0] ?? '';
}

try {
  process.exitCode = await main();
} catch (error) {
  const misused = error instanceof UsageError;
  console.error(misused ? `${error.message}\n\n${USAGE}` : plain(error));
  process.exitCode = misused || error instanceof NoQuotaError || error instanceof NativeMissingError ? 2 : 1;
}
