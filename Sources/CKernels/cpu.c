typedef int ck_unused;
