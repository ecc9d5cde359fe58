# SPDX-License-Identifier: BSD-2-Clause
# Completion of ramet's and mkimage's command lines in bash; installed under both names. The options
# are taken from --help, so there is nothing to keep in step. Needs nothing of bash-completion but
# that it loads this file.

# Options of a command, one a line, from its help.
_ramet_options() {
    "$@" 2> /dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u
}

# Words for what is being typed, or else files. $1: the words.
_ramet_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

_ramet_files() {
    compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

# Where we are: the word being typed and the option whose argument it is, also in --option=word.
_ramet_place() {
    current=${COMP_WORDS[COMP_CWORD]}
    option=${COMP_WORDS[COMP_CWORD - 1]}
    [[ $current != = ]] || current=
    [[ $option != = ]] || option=${COMP_WORDS[COMP_CWORD - 2]}
}

_ramet() {
    local current option
    _ramet_place
    if [[ $COMP_CWORD -eq 1 ]]; then
        _ramet_words "run template serve help --help --version"
        return
    fi
    case $option in
    --vmm) _ramet_words "auto kvm process qemu" ;;
    --accel) _ramet_words "auto kvm tcg" ;;
    --trace) _ramet_words "proc call exit" ;;
    --mem | --window-size) _ramet_words "32M 64M 128M 256M 512M 1G" ;;
    *)
        case $current in
        -*) _ramet_words "$(_ramet_options "$1" run --help)" ;;
        *) _ramet_files ;;
        esac
        ;;
    esac
}

_mkimage() {
    local current option
    _ramet_place
    case $option in
    --format) _ramet_words "image elf raw qcow2 iso gce" ;;
    *)
        case $current in
        -*) _ramet_words "$(_ramet_options "$1" --help)" ;;
        *) _ramet_files ;;
        esac
        ;;
    esac
}

complete -F _ramet ramet
complete -F _mkimage mkimage
