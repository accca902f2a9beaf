import type { FunctionComponent, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** A view whose code comes when it is first shown: the page itself stays small. Nothing shows until then. */
export function lazy<Props extends object>(
  load: () => Promise<FunctionComponent<Props>>,
): FunctionComponent<Props> {
  let loaded: FunctionComponent<Props> | undefined;
  return function Lazy(props: Props): VNode | null {
    const [View, setView] = useState<FunctionComponent<Props> | undefined>(() => loaded);
    useEffect(() => {
      if (View) return;
      // A chunk that does not come is a server that is gone, which the page tells already.
      void load().then(
        (view) => {
          loaded = view;
          setView(() => view);
        },
        () => undefined,
      );
    }, [View]);
    return View ? <View {...props} /> : null;
  };
}
