// Style sheets are imported for the build to gather them; there is nothing in them for the program.
declare module '*.css'
