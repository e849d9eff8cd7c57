stty -echo -onlcr; PS1=; PS2=; set +m; bind 'set enable-bracketed-paste off' 2>/dev/null || { FAILED=$?; return $FAILED; }
