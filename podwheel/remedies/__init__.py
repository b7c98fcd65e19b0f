"""What a failed build that once worked needs → a remedy; what a build wanted to download → how to declare it.

Pure: the text of a log goes in, plain values come out. The rules are about kinds of messages of
compilers and build tools (`messages_python`, `messages_setuptools`, `messages_compilers`,
`messages_tools`); no package is known here by its name, only the tools that build packages.
"""
