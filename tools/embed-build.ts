import { build, type Plugin, type ResolvedConfig } from 'vite';

/** Where sites import the module from: a stable address, since they write it into their pages. */
const MODULE = 'potluck';
const MODULE_SOURCE = 'app/embed/module/potluck.ts';

/**
 * Builds what other sites embed into the same folder: the page in the frame, and `potluck.js`. By itself, so that the
 * room's own page stays as it is to the byte: in one build the two would share chunks, and a first visit would load
 * more of them. What both have in common, such as the runtime, gets the same name in both.
 */
export function embedBuild(): Plugin {
  let page: ResolvedConfig;
  return {
    name: 'embed-build',
    configResolved: (config) => {
      page = config;
    },
    configureServer: (server) => {
      server.middlewares.use((request, response, next) => {
        if (request.url === `/${MODULE}.js`) request.url = `/${MODULE_SOURCE}`;
        if (request.url !== '/embed.json') return next();
        // Whoever reaches a development server may embed from it.
        response.setHeader('Access-Control-Allow-Origin', '*');
        response.end(JSON.stringify({ embed: true }));
      });
    },
    // After the page is written, for writing it empties the folder.
    writeBundle: async () => {
      if (page.command === 'build') await build(embedded(page));
    },
  };
}

function embedded({
  root,
  base,
  build: page,
  oxc,
  resolve,
  logLevel,
}: ResolvedConfig): Parameters<typeof build>[0] {
  return {
    configFile: false,
    root,
    base,
    ...(logLevel && { logLevel }),
    ...(oxc && { oxc }),
    resolve: { alias: resolve.alias },
    plugins: [selfContained()],
    worker: { format: 'es' },
    build: {
      outDir: page.outDir,
      emptyOutDir: false,
      copyPublicDir: false,
      target: page.target,
      modulePreload: { polyfill: false },
      assetsInlineLimit: page.assetsInlineLimit,
      chunkSizeWarningLimit: page.chunkSizeWarningLimit,
      rolldownOptions: {
        input: { embed: 'embed.html', [MODULE]: MODULE_SOURCE },
        // A module for others is nothing without its exports.
        preserveEntrySignatures: 'exports-only',
        output: {
          entryFileNames: ({ name }) => (name === MODULE ? '[name].js' : 'assets/[name]-[hash].js'),
        },
      },
    },
  };
}

/** Another site imports one file: what that imported from `assets/` would be refused there. */
function selfContained(): Plugin {
  return {
    name: 'self-contained-module',
    generateBundle: (_options, bundle) => {
      const chunk = bundle[`${MODULE}.js`];
      if (chunk?.type !== 'chunk') throw new Error(`The build has no ${MODULE}.js.`);
      const others = [...chunk.imports, ...chunk.dynamicImports];
      if (others.length > 0)
        throw new Error(`${MODULE}.js must stand alone, and imports ${others.join(', ')}.`);
    },
  };
}
