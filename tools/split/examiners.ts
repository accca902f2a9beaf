import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { News, Task } from './examiner.ts';
import type { FileReport } from './file-report.ts';

/** Enough of what a process wrote last to tell why it died. */
const LAST_WORDS = 400;

/** Examines files in a process beside this one, which is ended where a file takes too long and replaced where it died. */
export class Examiners {
  readonly #progress: (text: string) => void;
  #process: ChildProcess | undefined;

  constructor(progress: (text: string) => void) {
    this.#progress = progress;
  }

  /** Never throws: a process that hangs or dies is a failed file. */
  examine(task: Task): Promise<FileReport> {
    const child = this.#ready();
    const start = performance.now();
    let at = 'start';
    let lastWords = '';
    return new Promise((resolve) => {
      const settle = (report: FileReport): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        child.stderr?.removeAllListeners();
        child.stderr?.resume();
        resolve(report);
      };
      const fail = (why: string): void => {
        this.#process = undefined;
        const reason = `${why} (${at})`;
        const seconds = (performance.now() - start) / 1000;
        settle({
          file: task.path,
          verdict: 'failed',
          reason,
          runtime: null,
          cuts: [],
          blocks: null,
          seconds,
        });
      };
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        fail(`it took longer than ${task.limitS} s`);
      }, task.limitS * 1000);
      child.stderr?.on('data', (text: Buffer) => {
        lastWords = `${lastWords}${text}`.slice(-LAST_WORDS);
      });
      child.on('exit', (code, signal) =>
        fail(`its process ended with ${signal ?? code}: ${lastWords.replaceAll(/\s+/g, ' ')}`),
      );
      child.on('message', (news: News) => {
        if ('report' in news) {
          if (news.worn) this.end();
          settle(news.report);
        } else {
          at = news.progress;
          this.#progress(`${task.path}: ${at}`);
        }
      });
      child.send(task);
    });
  }

  end(): void {
    this.#process?.kill();
    this.#process = undefined;
  }

  #ready(): ChildProcess {
    if (this.#process?.connected) return this.#process;
    this.#process = fork(new URL('./examiner.ts', import.meta.url), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // The loader of TypeScript, whoever runs this file.
      execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
      // JSON has no infinity.
      serialization: 'advanced',
    });
    return this.#process;
  }
}
