// The package's public face. It names what is exported, and holds no behaviour.
export {}
