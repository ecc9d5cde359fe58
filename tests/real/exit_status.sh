# SPDX-License-Identifier: BSD-2-Clause
# xargs learns of a failed exec through the memory it shares with its vforked child.
echo a | xargs nosuch 2> /dev/null; echo "xargs $?"
find . -name absent -o -name . -exec nosuch {} \; 2> /dev/null; echo "find $?"
