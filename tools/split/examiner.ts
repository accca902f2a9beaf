import { examine } from './examine.ts';
import type { FileReport } from './file-report.ts';
import type { ExamineOptions } from './reference.ts';

/** A file to examine, and what is told about it: where it stands, then the report. */
export interface Task extends ExamineOptions {
  readonly path: string;
}
export type News =
  | { readonly progress: string }
  /** `worn`: this process should take no other file. */
  | { readonly report: FileReport; readonly worn: boolean };

/** A WebAssembly heap never shrinks: after a large model the next one gets a process of its own. */
const WORN_BYTES = 1024 ** 3;

/** What WebAssembly says where a runtime has died: nothing it does later counts. */
const TRAP = /abort|unreachable|out of bounds|out of memory|signature mismatch|RuntimeError/i;

/** Examines the files it is told of, one by one. Runs in a process of its own, which may hang or die. */
process.on('message', async ({ path, ...options }: Task) => {
  const tell = (news: News): void => void process.send?.(news);
  const report = await examine(path, options, (progress) => tell({ progress }));
  const broken = report.verdict === 'failed' || TRAP.test(report.runtime ?? '');
  tell({ report, worn: broken || process.memoryUsage().rss > WORN_BYTES });
});
