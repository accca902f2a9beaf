/** Works on items, up to `most` at once, and yields the results in the order of the items. The first failure ends it. */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  most: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void> {
  const running: Promise<R>[] = [];
  for await (const item of items) {
    const run = work(item);
    // Heard when its turn comes; meanwhile it is not unhandled.
    run.catch(() => undefined);
    running.push(run);
    const first = running.length >= most ? running.shift() : undefined;
    if (first) yield await first;
  }
  for (const run of running) yield await run;
}
