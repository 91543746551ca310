// What the site is called, and how its pages hang together. It knows no content.

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="14" fill="#3451b2"/>' +
  '<path d="M10 10l12 12M22 10L10 22" stroke="#fff" stroke-width="4"/></svg>'

/** Most pages have wide tables. */
const styles = '.VPDoc .vp-doc table { font-size: 14px } .VPDoc .vp-doc :is(th, td) { padding: 6px 8px }'

/**
 * @param {readonly string[]} packages  names of the published packages
 * @param {readonly string[]} examples  names of the examples
 */
export function configuration(packages, examples) {
  const short = packages.map(name => name.replace('@x/', ''))
  return {
    title: '@x',
    description:
      "Node's net, rebuilt: servers and sockets, local endpoints, clusters, and network code under test",
    cleanUrls: true,
    head: [
      [
        'link',
        { rel: 'icon', type: 'image/svg+xml', href: `data:image/svg+xml,${encodeURIComponent(icon)}` },
      ],
      ['style', {}, styles],
    ],
    lastUpdated: false,
    // Every link is checked in what comes out: see site-links.mjs.
    ignoreDeadLinks: true,
    themeConfig: {
      search: { provider: 'local' },
      outline: [2, 3],
      nav: [
        { text: 'Start', link: '/start' },
        { text: 'Recipes', link: '/recipes' },
        { text: 'Support', link: '/support' },
        { text: 'Troubleshooting', link: '/troubleshooting' },
      ],
      sidebar: [
        {
          text: 'Guide',
          items: [
            { text: 'Start', link: '/start' },
            { text: 'Coming from node:net', link: '/migrate' },
            { text: 'Recipes', link: '/recipes' },
            { text: 'A server on the open network', link: '/edge' },
            { text: 'Local endpoints', link: '/ipc' },
            { text: 'Clusters', link: '/cluster' },
            { text: 'Testing network code', link: '/testkit' },
            { text: 'Troubleshooting', link: '/troubleshooting' },
          ],
        },
        {
          text: 'Packages',
          items: short.map((name, at) => ({ text: packages[at], link: `/packages/${name}` })),
        },
        {
          text: 'Examples',
          items: [
            { text: 'All examples', link: '/examples/' },
            ...examples.map(name => ({ text: capitalized(name), link: `/examples/${name}` })),
            { text: 'Demo: a message broker', link: '/demo' },
          ],
        },
        {
          text: 'Reference',
          items: [
            ...short.map((name, at) => ({ text: `API of ${packages[at]}`, link: `/api/${name}/` })),
            { text: 'Errors', link: '/errors' },
            { text: 'Compatibility', link: '/compatibility' },
            { text: 'Where it runs', link: '/support' },
          ],
        },
        {
          text: 'Project',
          items: [
            { text: 'What works, and what it costs', link: '/overview' },
            { text: 'Benchmarks', link: '/benchmarks' },
            { text: 'Design', link: '/design' },
            { text: 'Contributing', link: '/contributing' },
            { text: 'Security', link: '/security' },
          ],
        },
      ],
    },
  }
}

/** @param {string} name */
function capitalized(name) {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** The first page. @param {readonly { name: string, description: string }[]} packages */
export function home(packages) {
  return {
    layout: 'home',
    hero: {
      name: '@x',
      text: "Node's net, rebuilt",
      tagline: 'Servers and sockets, local endpoints, clusters, and tests of network code',
      actions: [
        { theme: 'brand', text: 'Start', link: '/start' },
        { theme: 'alt', text: 'Recipes', link: '/recipes' },
        { theme: 'alt', text: 'Coming from node:net', link: '/migrate' },
      ],
    },
    features: packages.map(({ name, description }) => ({
      title: name,
      details: description,
      link: `/packages/${name.replace('@x/', '')}`,
    })),
  }
}
